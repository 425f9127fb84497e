"""Programs that cannot sign in hand their mail to the engine (B13): by SMTP, by `franking-sendmail`, and by a
folder while the engine is away.
"""
