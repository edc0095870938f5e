"""What callers are told when they do not get what they want. Every other exception is ours: logged, and shown to strangers as 500."""


class Refusal(Exception):
    """An answer that is no success: a status, and one sentence fit for a stranger for each thing that is wrong."""

    status = 400

    def __init__(self, *errors: str | dict, cause: object = None):
        self.errors = [{"message": e} if isinstance(e, str) else e for e in errors]
        self.cause = cause
        super().__init__("; ".join(e["message"] for e in self.errors) + (f": {cause!r}" if cause else ""))


class NotSignedIn(Refusal):
    """Nobody is signed in, or somebody to whom it does not belong: the contract makes no difference."""

    status = 401

    def __init__(self):
        super().__init__("Not authorized")


class NotFound(Refusal):
    status = 404

    def __init__(self):
        super().__init__("Not Found")


class TooLarge(Refusal):
    status = 413


class NotJSON(Refusal):
    status = 415


class Unavailable(Refusal):
    """A part is down. Nothing was done, or it is safe to repeat."""

    status = 503

    def __init__(self, cause: object, sentence: str = "Please try again in a moment", retry_after: int = 1):
        super().__init__(sentence, cause=cause)
        self.retry_after = retry_after


class Unannounced(Unavailable):
    """A change is saved and its events are not published yet. It carries the payment as it is now."""

    def __init__(self, payment, cause: object):
        super().__init__(cause)
        self.payment = payment
