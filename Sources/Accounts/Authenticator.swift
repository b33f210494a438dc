internal import Crypto
public import Evidence

/// The secret that a person's authenticator app shares with the archive, and the codes that come of it: TOTP (RFC 6238) with SHA-1, six
/// digits and steps of 30 seconds, as every app knows it. Nothing prints it but ``text`` and ``address(issuer:account:)``.
public struct AuthenticatorKey: Sendable {
    /// How many bytes a new key has: RFC 4226 §4 recommends 160 bits.
    static let byteCount = 20
    private static let stepMilliseconds: Int64 = 30_000
    private static let digitCount = 6

    let bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// A new key from the system's random numbers.
    public static func random() -> AuthenticatorKey { AuthenticatorKey(bytes: randomBytes(byteCount)) }

    /// The key that a person typed, in base 32; spaces and case do not matter. `nil` when it is none of 20 bytes.
    public init?(_ text: String) {
        guard let bytes = Base32.bytes(of: text.uppercased().filter { $0 != " " }), bytes.count == Self.byteCount else { return nil }
        self.init(bytes: bytes)
    }

    /// The key in base 32, to be typed into an app.
    public var text: String { Base32.text(of: bytes) }

    /// The `otpauth` address for a picture that an app reads.
    public func address(issuer: String, account: String) -> String {
        "otpauth://totp/\(percentEncoded(issuer)):\(percentEncoded(account))?secret=\(text)&issuer=\(percentEncoded(issuer))"
            + "&algorithm=SHA1&digits=\(Self.digitCount)&period=\(Self.stepMilliseconds / 1000)"
    }

    /// The step of 30 seconds that `time` is in.
    static func step(at time: Timestamp) -> Int64 { time.milliseconds / stepMilliseconds }

    /// The code of a step.
    func code(at step: Int64) -> String {
        let message = (0..<8).map { UInt8(truncatingIfNeeded: step >> (56 - 8 * $0)) }
        let mac = Array(HMAC<Insecure.SHA1>.authenticationCode(for: message, using: SymmetricKey(data: bytes)))
        let offset = Int(mac[19] & 15)
        let number = mac[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let digits = String(number % 1_000_000)
        return String(repeating: "0", count: Self.digitCount - digits.utf8.count) + digits
    }

    /// The step whose code was typed: the one of `time`, the one before or the one after, for clocks that differ.
    ///
    /// - Parameter last: the step whose code was taken last. Neither it nor one before it is taken again, so that a code which somebody
    ///   looked at is worth nothing.
    /// - Returns: `nil` when it is no code that is taken. All three are compared, in constant time.
    public func step(of typed: String, at time: Timestamp, after last: Int64?) -> Int64? {
        let typed = Array(typed.utf8.filter { $0 != UInt8(ascii: " ") })
        let now = Self.step(at: time)
        var found: Int64?
        for step in now - 1...now + 1 {
            let code = Array(code(at: step).utf8)
            let difference = zip(code, typed).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
            if typed.count == code.count, difference == 0, step > last ?? .min { found = found ?? step }
        }
        return found
    }
}

/// That there is one, never which.
extension AuthenticatorKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "an authenticator's key" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

/// Seals authenticators' keys before they are kept, so that who reads the database alone makes no code: AES-256-GCM, bound to the account.
public struct AuthenticatorSeal: Sendable {
    private let key: SymmetricKey

    /// - Parameter secret: a key of the archive; by HKDF-SHA-256 the seal gets one of its own, which tells nothing of it.
    public init(derivedFrom secret: [UInt8]) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), info: Array("minhchung authenticator seal 1".utf8), outputByteCount: 32)
    }

    /// Nonce, ciphertext and tag.
    public func sealed(_ authenticator: AuthenticatorKey, of account: String) throws(SealBroken) -> [UInt8] {
        do {
            // `combined` is there with every nonce of the usual 12 bytes, which the library draws.
            guard let box = try AES.GCM.seal(authenticator.bytes, using: key, authenticating: Array(account.utf8)).combined else {
                throw SealBroken()
            }
            return Array(box)
        } catch {
            throw SealBroken()
        }
    }

    /// - Throws: ``SealBroken`` where it was sealed under another key or for another account, or was changed.
    public func opened(_ bytes: [UInt8], of account: String) throws(SealBroken) -> AuthenticatorKey {
        do {
            return AuthenticatorKey(bytes: Array(try AES.GCM.open(.init(combined: bytes), using: key, authenticating: Array(account.utf8))))
        } catch {
            throw SealBroken()
        }
    }
}

/// An authenticator's key cannot be read.
public struct SealBroken: Error, CustomStringConvertible {
    public var description: String {
        "cannot read the authenticator's key: it was not sealed by this archive for this account; remove it with minhchung account, and set it up again"
    }
}

/// As RFC 3986 §2 has it: all but unreserved characters as percent and two digits, byte by byte.
func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var encoded: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            encoded.append(byte)
        default: encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: encoded, as: UTF8.self)
}
