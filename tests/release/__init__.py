"""Tests of understudy.release."""
