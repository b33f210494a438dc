internal import Hummingbird
internal import HummingbirdTLS
internal import ServiceLifecycle
internal import Logging
internal import Accounts
