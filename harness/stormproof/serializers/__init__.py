"""Which arguments and results of a user's tasks would not survive their serializers: `stormproof serial`, `stormproof.check_serialization`.

tasks        the app, its tasks, and the places at which a value of theirs meets a serializer
annotations  what may stand there, as a Hypothesis strategy, and what of that is a guess
passing      one value on its way, as Celery sends it
judging      the smallest value that does not arrive as it was
decorator    the same as a test
"""
