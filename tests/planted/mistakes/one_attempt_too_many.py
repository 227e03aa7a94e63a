from hardened.once import OnceTask

init = OnceTask.__init__


def generous(self, settings, *more):
    # `>` instead of `>=`, where attempts are compared with their limit.
    init(self, settings.model_copy(update={"max_attempts": settings.max_attempts + 1}), *more)


OnceTask.__init__ = generous
