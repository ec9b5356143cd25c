"""Tests of understudy.store."""
