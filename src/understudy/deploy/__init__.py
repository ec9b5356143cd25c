"""What runs in AWS: templates (pure), and carrying them out.

- `plan`: what is deployed, and what everything is called.
- `template`: the plan as CloudFormation; `serverless` as a serverless.yml.
- `stack`: brings a template into an account, and takes it away again.
- `prices`, `cost`: dollars for measured durations.
"""
