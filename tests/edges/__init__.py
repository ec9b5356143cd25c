"""Tests of understudy.edges."""
