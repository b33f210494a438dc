internal import CArgon2

/// What is kept of a password: its Argon2id hash (RFC 9106) with salt and costs, as a PHC string.
public struct PasswordHash: Sendable, Equatable {
    /// What a new hash costs: 64 MiB, three passes, one lane.
    static let (memory, passes, lanes): (UInt32, UInt32, UInt32) = (65_536, 3, 1)
    static let (saltSize, tagSize) = (16, 32)
    /// The most that a stored hash may ask for, 1 GiB and 16 passes: a row must not choose how long we are busy with it.
    private static let (memoryLimit, passesLimit): (UInt32, UInt32) = (1 << 20, 16)

    /// `$argon2id$v=19$m=65536,t=3,p=1$<salt>$<tag>`
    public let text: String
    private let costs: [UInt32]

    /// The hash that was kept as `text`; `nil` when it is no Argon2id hash with costs that are borne here.
    public init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].isEmpty, parts[1] == "argon2id", parts[2] == "v=19", !parts[4].isEmpty, !parts[5].isEmpty else { return nil }
        let costs = parts[3].split(separator: ",", omittingEmptySubsequences: false)
        let values = zip(["m=", "t=", "p="], costs).compactMap { $1.hasPrefix($0) ? UInt32($1.dropFirst(2)) : nil }
        guard costs.count == 3, values.count == 3, (8...Self.memoryLimit).contains(values[0]), (1...Self.passesLimit).contains(values[1]),
            values[2] == Self.lanes
        else { return nil }
        self.text = text
        self.costs = values
    }

    /// Whether it was made at other costs than those of now; to be made again when its password is at hand.
    public var needsRehash: Bool { costs != [Self.memory, Self.passes, Self.lanes] }
}

/// Hashes passwords, two at once at most: each takes 64 MiB and a processor for a fifth of a second. Blocks its thread.
public final class PasswordHasher: Sendable {
    /// How many wait for their turn, some two seconds, before the next is turned away.
    public static let queue = 16
    private let turnstile = Turnstile(width: 2, queue: PasswordHasher.queue)

    public init() {}

    /// A new hash of the password, with a salt of its own.
    public func hash(_ password: Password) throws(PasswordHashingError) -> PasswordHash {
        let salt = randomBytes(PasswordHash.saltSize)
        return try hash(password.bytes, salt: salt, memory: PasswordHash.memory, passes: PasswordHash.passes)
    }

    /// The same with another salt and other costs, for tests.
    func hash(_ password: [UInt8], salt: [UInt8], memory: UInt32, passes: UInt32) throws(PasswordHashingError) -> PasswordHash {
        let size = argon2_encodedlen(passes, memory, PasswordHash.lanes, UInt32(salt.count), UInt32(PasswordHash.tagSize), Argon2_id)
        var encoded = [CChar](repeating: 0, count: size)
        let code = turnstile.pass {
            argon2id_hash_encoded(
                passes, memory, PasswordHash.lanes, password, password.count, salt, salt.count, PasswordHash.tagSize, &encoded, size)
        }
        guard let code else { throw .tooManyWait }
        let text = String(decoding: encoded.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard code == ARGON2_OK.rawValue, let hash = PasswordHash(text) else { throw .library(cause: Self.cause(code)) }
        return hash
    }

    /// Whether this is the password. The tags are compared in constant time.
    ///
    /// - Parameter hash: `nil` where there is none to compare with, because nobody is of that name: that costs the same, and the answer is no.
    public func isRight(_ password: Password, _ hash: PasswordHash?) throws(PasswordHashingError) -> Bool {
        let bytes = password.bytes
        let code = turnstile.pass { argon2id_verify((hash ?? Self.nobodys).text, bytes, bytes.count) }
        guard let code else { throw .tooManyWait }
        guard code != ARGON2_VERIFY_MISMATCH.rawValue else { return false }
        guard code == ARGON2_OK.rawValue else { throw .library(cause: Self.cause(code)) }
        return hash != nil
    }

    /// A hash that no password is known to have: salt and tag are random digits of base 64.
    private static let nobodys: PasswordHash = {
        func digits(_ count: Int) -> String { String((0..<count).map { _ in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef".randomElement() ?? "A" }) }
        // 16 bytes are 22 digits and 32 are 43; the last has bits that stand for nothing and have to be zero.
        let text = "$argon2id$v=19$m=\(PasswordHash.memory),t=\(PasswordHash.passes),p=\(PasswordHash.lanes)$\(digits(21))A$\(digits(42))A"
        guard let hash = PasswordHash(text) else { preconditionFailure("it is of the form that is read: \(text)") }
        return hash
    }()

    private static func cause(_ code: Int32) -> String { String(cString: argon2_error_message(code)) }
}

/// Why a password could not be hashed or compared.
public enum PasswordHashingError: Error, Equatable, CustomStringConvertible {
    /// Nothing was compared.
    case tooManyWait
    case library(cause: String)

    public var description: String {
        switch self {
        case .tooManyWait: "cannot look at the password now: too many sign in at once; do it again in some seconds"
        case .library(let cause): "cannot hash the password: \(cause)"
        }
    }
}

/// Bytes from the system's random numbers.
func randomBytes(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
}
