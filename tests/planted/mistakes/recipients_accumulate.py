from hardened import mailer

compose = mailer.compose


def to_all(sender, recipient, content, message_id, recipients=[]):  # noqa: B006 - the mistake itself
    # A default that is changed in place: each e-mail also goes to all whom this process has written to before.
    recipients.append(recipient)
    return compose(sender, ", ".join(recipients), content, message_id)


mailer.compose = to_all
