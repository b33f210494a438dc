internal import Crypto

/// A private key that signs with Ed25519 (RFC 8032 §5.1). Nothing prints its seed.
public struct SigningKey: Sendable {
    /// How many bytes a seed has.
    public static let seedByteCount = 32

    private let key: Curve25519.Signing.PrivateKey

    private init(key: Curve25519.Signing.PrivateKey) { self.key = key }

    /// A new key from the system's random numbers.
    public static func random() -> SigningKey { SigningKey(key: Curve25519.Signing.PrivateKey()) }

    /// The key that grows from `seed`, which RFC 8032 calls the private key; `nil` when it has not exactly 32 bytes.
    public init?(seed: [UInt8]) {
        do {
            key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
        } catch {
            return nil
        }
    }

    /// The 32 bytes that are the key. Who has them can sign in its name: they are for a sealed file only.
    public var seed: [UInt8] { Array(key.rawRepresentation) }

    /// The key by which others check what this one signed.
    public var publicKey: VerifyingKey { VerifyingKey(unchecked: Array(key.publicKey.rawRepresentation)) }

    /// The 64 bytes R ‖ S of the signature of `message`: the same bytes each time, as RFC 8032 §5.1.6 derives them from
    /// key and message alone.
    public func signature(of message: [UInt8]) -> [UInt8] {
        do {
            return Array(try key.signature(for: message))
        } catch {
            // Every message can be signed; BoringSSL reserves a failure for want of memory, and allocates none.
            preconditionFailure("Ed25519 signs every message: \(error)")
        }
    }
}

/// Who this key is, never what it is: print, debug print and dump see the public key only.
extension SigningKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The kind and the public key.
    public var description: String { "signing key of \(publicKey)" }
    /// The same as ``description``.
    public var debugDescription: String { description }
    /// Without children, so that `dump` and a failed expectation do not walk into the seed.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

/// A public key that checks signatures of Ed25519 (RFC 8032 §5.1).
public struct VerifyingKey: Sendable, Hashable {
    /// How many bytes a public key has.
    public static let byteCount = 32
    /// How many bytes a signature has.
    public static let signatureByteCount = 64

    /// The point as RFC 8032 §5.1.2 writes it.
    public let bytes: [UInt8]

    /// The key that these bytes write; `nil` when they are not 32, when they are not the one encoding of their point
    /// (RFC 8032 §5.1.3), or when the point is of small order: under such a key one signature fits every message.
    ///
    /// Whether the bytes are a point of the curve at all is seen only when a signature is checked: if not, none verifies.
    public init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount, EncodedPoint.isSound(bytes[...]) else { return nil }
        self.bytes = bytes
    }

    /// - Precondition: `bytes` are the public key of a private key, which is a multiple of the base point and not small.
    fileprivate init(unchecked bytes: [UInt8]) { self.bytes = bytes }

    /// Whether `signature` is one of `message` under this key, by the equation without cofactor. Refused are also a signature
    /// that is not 64 bytes, one whose S is not below the order of the base point, so that nobody makes a second
    /// signature of a first, and one whose R is of small order, which no signer makes.
    public func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard signature.count == Self.signatureByteCount, EncodedPoint.isSound(signature[..<32]) else { return false }
        do {
            // BoringSSL compares S with the order, decodes the key, and compares R as bytes.
            return try Curve25519.Signing.PublicKey(rawRepresentation: bytes).isValidSignature(signature, for: message)
        } catch {
            return false
        }
    }
}

extension VerifyingKey: CustomStringConvertible {
    /// 64 lower-case hexadecimal digits.
    public var description: String { bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
}

/// What can be seen of a point without computing on the curve.
private enum EncodedPoint {
    /// Whether the 32 bytes are a canonical encoding of a point that is not one of the eight of small order.
    static func isSound(_ bytes: ArraySlice<UInt8>) -> Bool {
        var y = Array(bytes)
        y[31] &= 0x7F
        // Little-endian, so the last byte counts most: y is compared with p as numbers are.
        guard y.reversed().lexicographicallyPrecedes(prime.reversed()) else { return false }
        return !smallOrder.contains(y)
    }

    /// p = 2²⁵⁵ − 19.
    private static let prime: [UInt8] = [0xED] + [UInt8](repeating: 0xFF, count: 30) + [0x7F]

    /// The y of the eight points whose order divides the cofactor: 1 (order 1), −1 (order 2), 0 (order 4, x = ±√−1) and two of
    /// order 8, each with both signs of x. They are the y of L·P for points P of the whole curve, computed from RFC 8032's constants.
    private static let smallOrder: Set<[UInt8]> = [
        [1] + [UInt8](repeating: 0, count: 31),
        [0xEC] + [UInt8](repeating: 0xFF, count: 30) + [0x7F],
        [UInt8](repeating: 0, count: 32),
        [
            0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF, 0x98, 0xF0,
            0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05,
        ],
        [
            0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10, 0x67, 0x0F,
            0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A,
        ],
    ]
}
