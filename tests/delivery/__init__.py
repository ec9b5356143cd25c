"""Tests of understudy.delivery."""
