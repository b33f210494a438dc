internal import VietnameseText

/// A password as it is hashed. Nothing prints it.
///
/// It is prepared as the profile OpaqueString of RFC 8265 says: spaces of every kind become U+0020, and the whole is in NFC, so that
/// `ế` is the same password from every keyboard. Nothing is trimmed and no case is folded.
public struct Password: Sendable {
    /// How many characters a new password has, counted as Unicode scalars of its prepared form.
    public static let length = 10...256

    let text: String
    var bytes: [UInt8] { Array(text.utf8) }

    /// What somebody typed to sign in. It is held against no rule: rules may have changed since it was chosen.
    public init(typed text: String) {
        var spaced = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { spaced.append(scalar.properties.generalCategory == .spaceSeparator ? " " : scalar) }
        self.text = NormalForm.nfc(String(spaced))
    }

    /// A password that is chosen for `account`. Which characters it is made of is its owner's affair.
    ///
    /// - Throws: ``PasswordRefusal`` where it is too short or too long, cannot be typed, says little but the account's name, or is among
    ///   those that are tried first.
    public init(chosen text: String, for account: String) throws(PasswordRefusal) {
        self.init(typed: text)
        let scalars = self.text.unicodeScalars
        guard scalars.count >= Self.length.lowerBound else { throw .tooShort }
        guard scalars.count <= Self.length.upperBound else { throw .tooLong }
        guard scalars.allSatisfy({ $0.properties.generalCategory != .control }) else { throw .hasControlCharacters }
        let folded = self.text.lowercased()
        guard account.isEmpty || folded.replacing(account.lowercased(), with: "").unicodeScalars.count >= Self.besidesName else {
            throw .isAccountName
        }
        guard Set(scalars).count > 2, !Self.common.contains(folded) else { throw .isCommon }
    }

    /// How much a password has to say besides the account's name.
    private static let besidesName = 6

    /// Those of ten characters and more that lists of stolen passwords have most often, and what is near here.
    private static let common: Set<String> = [
        "0123456789", "1234567890", "0987654321", "9876543210", "12345678910", "123456789a", "a123456789", "aa12345678", "123456789q", "123456789abc",
        "1234567891", "123456789123", "1234567890a", "12345678900", "1122334455", "147258369", "1472583690", "123123123123", "123321123321",
        "1q2w3e4r5t", "1q2w3e4r5t6y", "q1w2e3r4t5", "q1w2e3r4t5y6", "1qaz2wsx3edc", "1qazxsw23edc", "zaq12wsxcde3", "qwertyuiop", "qwertyuiop[]",
        "qwerty12345", "qwerty123456", "qwertyuiop123", "asdfghjkl;", "asdfghjkl123", "asdfghjkl1", "zxcvbnm123", "zxcvbnm,./", "qazwsxedcrfv",
        "qazwsxedc123", "abcdefghij", "abcdefghijk", "abcd123456", "abc1234567", "abc123456789", "abcd1234567", "password12", "password123",
        "password1234", "password12345", "passwordpassword", "passw0rd123", "p@ssw0rd123", "p@ssword123", "p@ssw0rd1234", "changeme123",
        "letmein123", "letmein1234", "welcome123", "welcome1234", "iloveyou12", "iloveyou123", "iloveyou1234", "iloveyou2", "sunshine123",
        "princess123",
        "football123", "superman123", "dragon12345", "monkey12345", "administrator", "administrator1", "administrator123", "admin12345",
        "admin123456",
        "admin@12345", "admin@123456", "adminadmin", "adminadmin123", "rootrootroot", "test123456", "testtest123", "user123456", "guest12345",
        "master12345", "google12345", "facebook123", "samsung123", "matkhau123", "matkhau1234", "matkhau12345", "matkhau123456", "mật khẩu123",
        "mậtkhẩu123",
        "matkhau@123", "anhyeuem123", "anhyeuem12", "yeuanhnhieu", "emyeuanh123", "anhyeuem1234", "anhyeuemnhieu", "vietnam123", "vietnam1234",
        "vietnam12345", "vietnam2025", "vietnam2026", "hanoi12345", "saigon12345", "khongbiet123", "khongcopass", "congdanhoctap", "hoctapsuotdoi",
        "minhchung123", "minhchung1234", "minhchung@123", "xinchao123", "xinchao1234", "nguyen12345", "nguyen123456", "thanhcong123", "hanhphuc123",
        "correcthorsebatterystaple", "correct horse battery staple",
    ]
}

/// That there is one, never what it is.
extension Password: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "a password" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

/// Why a password cannot be chosen.
public enum PasswordRefusal: Error, Equatable, CustomStringConvertible {
    case tooShort, tooLong, hasControlCharacters, isAccountName, isCommon

    public var description: String {
        let reason =
            switch self {
            case .tooShort: "it has fewer than \(Password.length.lowerBound) characters; a sentence is easy to remember"
            case .tooLong: "it has more than \(Password.length.upperBound) characters"
            case .hasControlCharacters: "it has characters that cannot be typed everywhere"
            case .isAccountName: "it says little but the account's name"
            case .isCommon: "it is among the first that are tried; choose another"
            }
        return "cannot take the password: \(reason)"
    }
}
