"""The function's bundle: pinned wheels for another machine, slimmed, compiled, zipped, proved.

`plan` decides, from names and sizes alone, what stays; `rules` and `limits` are its tables, and
`ours` finds which modules of understudy are needed. `bundle` carries it out with the parts that
touch the world: `wheels` (uv), `package` (understudy itself), `interpreter` and `bytecode` (the
target's Python), `archive` and `proof`. `stand` makes the model that a bundle proves itself on;
how that becomes a release in a store is not known here.
"""
