"""AWS Lambda: events in, answers out. `handler` is the entry point.

    events, web, uploads      an event -> what is asked; pure
    settings, log             variables -> settings, an invocation -> a line; pure
    serving, function, start  what is carried out
"""
