"""The engine that is Keras itself."""
