"""A release: one consistent set of files, compiled and verified, that never changes.

`identity` names it, `manifest` describes it, `layout` says where its files are, `staging` prepares
it in a local folder, and `repository` brings it into a store and out again. Nothing in here knows
how a model is read or compiled, and nothing knows which stage serves what.
"""
