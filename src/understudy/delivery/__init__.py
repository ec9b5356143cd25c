"""Delivery: which release a stage serves, and how that changes.

`pointer` is the record, `plan` decides, `actions` carries out, `folder` keeps what people see in
step, `status` tells. Nothing in here knows how a model is read, compiled or served.
"""
