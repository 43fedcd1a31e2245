"""Call control: one call's life from its INVITE to its CDR.

Reads top to bottom like a call: `arrival` takes it in, `offering` rings operators, `talking` joins the two,
`ending` ends it for everyone. `control` hands events to them, `context` is what they share, `centre` is
what the API sees.
"""
