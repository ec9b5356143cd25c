"""Where questions come in: HTTP and AWS Lambda. Translate, ask the model, translate back.

Every translation is a function from a value to a value that takes anything: what it cannot use
becomes a `Problem`. Only `objects` and `lambda_` touch the outside.
"""
