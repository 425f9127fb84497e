"""The OAuth adapter: sign-in, refresh and revocation at one authorization server, behind `ports.Provider`.

Rule: a library is loaded by `calls` and `sign_in` alone, which are imported when a token is first wanted.
"""
