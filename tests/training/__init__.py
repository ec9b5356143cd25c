"""Recording goldens where models are trained; with the real Keras where there is one."""
