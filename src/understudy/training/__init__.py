"""Goldens, made where the training framework is installed: `understudy goldens --from-keras`.

- `installed`: the installed Keras; the only module here that imports it (docs/adr/0010).
- `files`: what Keras is given to open, after a look at what is in it.
- `loading`: how Keras' own functions prepare an image.
- `function`: a person's own function, which prepares an image.
- `tensors`: what that function made, as an input of the model.
- `goldens`: `goldens.npz`, written.

Nothing that serves imports this.
"""
