"""CoAP: constrained devices over datagrams, in the clear on this machine or under DTLS beyond it."""
