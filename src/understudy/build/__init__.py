"""The functions' bundles: pinned wheels for another machine, slimmed, compiled, zipped, proved.

`contents` is the table of what is in the bundle of each function. `plan` decides, from names and
sizes alone, what stays; `rules` and `limits` are its tables, and `ours` finds which modules of
understudy are needed. `layout` says in which zip a file is; `fit` and `clash` say whether what a
person adds can run, and is in nobody's way. `bundle` carries it out with the parts that touch the
world: `wheels` and `requirements` (uv), `vendor`, `package` (understudy itself), `slimming`,
`interpreter` and `bytecode` (the target's Python), `assembly`, `archive` and `proof`. `stand` makes
the model that a bundle proves itself on; how that becomes a release in a store is not known here.
"""
