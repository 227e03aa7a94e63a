from hardened import mailer

compose = mailer.compose


def plain(sender, recipient, content, message_id):
    return compose(sender, recipient, content.encode("ascii", "replace").decode(), message_id)


mailer.compose = plain
