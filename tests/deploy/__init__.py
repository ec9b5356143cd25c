"""What is deployed, and how: templates, stacks, and the journey on an AWS of this machine."""
