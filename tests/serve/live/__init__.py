"""The stages that are followed while they are served."""
