"""The function's bundle: pinned wheels for another machine, slimmed, compiled, zipped, proved.

`plan` decides, from names and sizes alone, what stays; `rules` and `limits` are its tables, and
`ours` finds which modules of understudy are needed. `bundle` carries it out with the parts that
touch the world: `wheels` (uv), `interpreter` and `bytecode` (the target's Python), `archive` and
`proof`. None of them knows of models: the release that a bundle proves itself on is given.
"""
