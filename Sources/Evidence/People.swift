internal import Crypto

/// A person, as declared. Neither ethnicity nor religion is ever asked for.
public struct PersonDeclaration: Sendable, Equatable {
    public let person: PersonID
    public let name: String
    public let birthYear: Int?
    /// The subject group, by its code in criteria sets.
    public let group: String?
    /// The person's own account, so that they cannot review themselves.
    public let account: String?
    /// The unit whose officers keep the registration; a dossier has a unit of its own.
    public let unit: UnitID?
    public let number: PersonalNumberTrace?

    public init(
        person: PersonID, name: String, birthYear: Int?, group: String?, account: String? = nil, unit: UnitID? = nil,
        number: PersonalNumberTrace?
    ) {
        self.person = person
        self.name = name
        self.birthYear = birthYear
        self.group = group
        self.account = account
        self.unit = unit
        self.number = number
    }
}

/// What is kept of a personal identification number (số định danh cá nhân): enough to know it again, not to read it.
public struct PersonalNumberTrace: Sendable, Hashable {
    /// HMAC-SHA-256 of the twelve digits, under the archive's key.
    public let mac: Digest
    /// The last three digits, so that people can tell entries apart.
    public let ending: String

    public init(mac: Digest, ending: String) {
        self.mac = mac
        self.ending = ending
    }
}

/// The twelve digits of a personal identification number (Law 26/2023/QH15, Art. 12). Lives in memory only: it tells sex, year
/// and place of birth.
public struct PersonalNumber: Sendable {
    private let digits: [UInt8]

    /// `nil` unless `text` is twelve digits, apart from spaces between them.
    public init?(_ text: some StringProtocol) {
        digits = text.utf8.filter { $0 != 0x20 }
        guard digits.count == 12, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
    }

    /// By which the key is known again: the first half of HMAC-SHA-256 of `key`, in hexadecimal digits.
    public static func fingerprint(of key: [UInt8]) -> String {
        HMAC<SHA256>.authenticationCode(for: Array("key".utf8), using: SymmetricKey(data: key)).prefix(16)
            .map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// The digits, for the one who makes the trace of them: a server that is asked to register the person.
    public var forRegistration: String { String(decoding: digits, as: UTF8.self) }

    /// What may be kept.
    /// - Parameter key: the archive's key, 32 bytes.
    public func trace(key: [UInt8]) -> PersonalNumberTrace {
        let code = HMAC<SHA256>.authenticationCode(for: digits, using: SymmetricKey(data: key))
        guard let mac = Digest(bytes: Array(code)) else { preconditionFailure("HMAC-SHA-256 has 32 bytes") }
        return PersonalNumberTrace(mac: mac, ending: String(decoding: digits.suffix(3), as: UTF8.self))
    }
}
