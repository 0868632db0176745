"""Recognizes failures of TLS that a retry cannot fix, and says what to do about them."""

import ssl

# How OpenSSL names an answer that is not TLS, which depends on its version.
_NOT_TLS = frozenset(("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"))


def tls_mistake(error: BaseException) -> str | None:
    """Returns advice about `error` if its cause is such a failure."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                "does the certificate name this host, and does this client trust who issued it? "
                "(SSL_CERT_FILE names a file of certificates to trust)"
            )
        # Python adds `reason` to what OpenSSL reports, and to nothing else.
        if isinstance(cause, ssl.SSLError) and getattr(cause, "reason", None) in _NOT_TLS:
            return "does the service speak http:// rather than https://?"
        cause = cause.__cause__ or cause.__context__
    return None
