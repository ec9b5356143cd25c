"""Tests of `understudy.serve`."""
