"""Random models of any Keras: what layers, in what graphs. Run by make_random.py."""
