"""What callers are told when they do not get what they want. Every other exception is ours: logged, and shown to strangers as 500."""


class Refusal(Exception):
    """An answer that is no success: a status, and one sentence fit for a stranger for each thing that is wrong, each with a code for
    programs. Of itself: the request is fine, the state of things does not allow it."""

    status, code = 400, "refused"
    retry_after: int | None = None  # seconds

    def __init__(self, *errors: str | dict, code: str = "", status: int = 0, cause: object = None):
        self.code, self.status, self.cause = code or self.code, status or self.status, cause
        told = [{"message": e} if isinstance(e, str) else e for e in errors]
        self.errors = [e | {"code": e.get("code") or self.code} for e in told]
        super().__init__("; ".join(e["message"] for e in self.errors) + (f": {cause!r}" if cause else ""))


class Invalid(Refusal):
    """Malformed, or against a rule about its own content."""

    code = "invalid"


class NotSignedIn(Refusal):
    status, code = 401, "not_signed_in"

    def __init__(self):
        super().__init__("Not authorized")


class NotOwner(Refusal):
    """Somebody is signed in, but it is not his."""

    status, code = 401, "not_owner"

    def __init__(self):
        super().__init__("Not authorized")


class NotFound(Refusal):
    status, code = 404, "not_found"

    def __init__(self):
        super().__init__("Not Found")


class NotAllowed(Refusal):
    status, code = 405, "method_not_allowed"


class TooLarge(Refusal):
    status, code = 413, "too_large"


class NotJSON(Refusal):
    status, code = 415, "unsupported_media_type"


class Unavailable(Refusal):
    """A part is down. Nothing was done, or it is safe to repeat."""

    status, code = 503, "unavailable"

    def __init__(self, cause: object, sentence: str = "Please try again in a moment", retry_after: int = 1):
        super().__init__(sentence, cause=cause)
        self.retry_after = retry_after


class Unannounced(Unavailable):
    """A change is saved and its events are not published yet. It carries the payment as it is now."""

    def __init__(self, payment, cause: object):
        super().__init__(cause)
        self.payment = payment
