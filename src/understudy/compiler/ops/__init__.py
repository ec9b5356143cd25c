"""Operations that models call on symbolic tensors. Importing this fills the table.

What they compute is written once, in `elementwise`, `reduction`, `shape`, `slicing`, `linear` and
`image`; each dialect is a table of names over these: `tensorflow_functions`, `tensorflow_nodes`,
`keras_operations`, and the expressions of `--layer` in `language`.
"""

from . import expression, keras_operations, tensorflow_functions, tensorflow_nodes

__all__ = ["expression", "keras_operations", "tensorflow_functions", "tensorflow_nodes"]
