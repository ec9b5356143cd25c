"""The second engine: Keras itself, for models that cannot be compiled.

The one part of understudy that runs Keras, and only where a release asks for it. Rules: Keras sees
only what was checked here (`trust`); code in a model's files runs only where the operator of this
process allows it; nothing is unpickled.
"""

ALLOW_LAMBDA = "UNDERSTUDY_ALLOW_LAMBDA"
"""With this variable at 1, the operator of a process allows it to run the code of Lambda layers."""
