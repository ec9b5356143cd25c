"""AWS Lambda: events in, answers out. `handler` is the entry point.

| modules | what they do |
|---|---|
| `events`, `web`, `uploads` | an event -> what is asked, and the answer in its form; pure |
| `settings`, `log` | variables -> settings, an invocation -> a line; pure |
| `serving` | the model, opened and followed in a process that is frozen now and then |
| `service`, `account` | one invocation: what it may ask for, and what came of it |
| `function`, `start` | carry it out |
| `zipped` | the entry point where packages are zipped: unpacks them, then imports the other |
"""
