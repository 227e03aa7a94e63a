from hardened import gate

gate._refuse = lambda *_: None
