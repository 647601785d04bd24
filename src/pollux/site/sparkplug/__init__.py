"""The Sparkplug B host application: how it is declared, what it may be told, and how it runs in an open site."""
