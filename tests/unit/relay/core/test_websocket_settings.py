"""Tests of the settings of WebSocket."""

import pytest

from packhorse.wire.errors import ConfigurationError
from packhorse_relay.core.websocket_settings import WebSocketSettings


@pytest.mark.parametrize("proxy", ["", "proxy.example", "10.0.0.0/8", "192.0.2.256"])
def test_proxy_must_be_an_address(proxy: str) -> None:
    with pytest.raises(ConfigurationError, match="no IP address") as refused:
        WebSocketSettings(trusted_proxies=("127.0.0.1", proxy))

    assert refused.value.advice


def test_key_without_certificate_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no certificate"):
        WebSocketSettings(tls_key="key.pem")
