internal import JWTKit
internal import CArgon2
