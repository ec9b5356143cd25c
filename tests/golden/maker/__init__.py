"""What make_goldens.py builds, and with which Keras. Python 3.6 syntax throughout."""
