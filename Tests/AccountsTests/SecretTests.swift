import Evidence
import Foundation
import Testing

@testable import Accounts

func moment(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: 1_795_245_300_000 + seconds * 1000) }

@Suite("Secrets, codes and the throttle")
struct SecretTests {
    @Test("a secret is found by its form, read back, and kept as its digest", arguments: Secret.Kind.allCases)
    func form(kind: Secret.Kind) throws {
        let secret = Secret.random(kind)
        #expect(secret.text.wholeMatch(of: /mc[stl]_[a-z2-7]{52}/) != nil)
        let read = try #require(Secret(secret.text, kind))
        #expect(read.digest == secret.digest)
        #expect(secret.digest == Digest(of: secret.text.utf8))
        #expect(Secret.random(kind).text != secret.text)
        for other in Secret.Kind.allCases where other != kind { #expect(Secret(secret.text, other) == nil) }
        for wrong in [String(secret.text.dropLast()), secret.text + "a", secret.text.uppercased(), String(secret.text.dropLast()) + "b", ""] {
            #expect(Secret(wrong, kind) == nil || wrong == secret.text, "\(wrong.count)")
        }
    }

    /// RFC 4648 §10, without the padding.
    @Test(
        "base 32 is the RFC's",
        arguments: [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI")])
    func base32(plain: String, text: String) {
        #expect(Base32.text(of: Array(plain.utf8)) == text)
        #expect(Base32.bytes(of: text) == Array(plain.utf8))
    }

    @Test("what base 32 does not write is not read", arguments: ["M", "MZX", "MZ", "my", "MY======", "M1", "MZXW6Y"])
    func badBase32(text: String) {
        #expect(Base32.bytes(of: text) == nil)
    }

    /// RFC 6238 appendix B, of which we take the last six digits.
    @Test(
        "a code is the RFC's",
        arguments: [
            (59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"), (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ])
    func code(seconds: Int64, code: String) {
        let key = AuthenticatorKey(bytes: Array("12345678901234567890".utf8))
        let time = Timestamp(milliseconds: seconds * 1000)
        #expect(key.code(at: AuthenticatorKey.step(at: time)) == code)
        #expect(key.step(of: code, at: time, after: nil) == seconds / 30)
        #expect(key.step(of: "\(code.prefix(3)) \(code.suffix(3))", at: time, after: nil) == seconds / 30)
    }

    @Test func `a code is taken one step early or late, and once`() {
        let key = AuthenticatorKey(bytes: Array("12345678901234567890".utf8))
        let now = moment(15)
        let step = AuthenticatorKey.step(at: now)
        for offset in Int64(-3)...3 {
            let code = key.code(at: step + offset)
            // By chance the codes of two steps may be the same; then the earliest that can be meant is.
            let fitting = (step - 1...step + 1).first { key.code(at: $0) == code }
            #expect(key.step(of: code, at: now, after: nil) == fitting, "\(offset)")
            #expect((fitting == nil) == (abs(offset) > 1) || fitting != step + offset, "\(offset)")
        }
        #expect(key.step(of: key.code(at: step), at: now, after: step) == nil, "the same code again")
        #expect(key.step(of: key.code(at: step - 1), at: now, after: step) == nil, "an older code")
        #expect(key.step(of: key.code(at: step + 1), at: now, after: step) == step + 1)
    }

    @Test func `no other code is taken`() {
        let key = AuthenticatorKey(bytes: Array("12345678901234567890".utf8))
        let now = moment(15)
        let step = AuthenticatorKey.step(at: now)
        let right = Set((step - 1...step + 1).map { key.code(at: $0) })
        // Each right code with one digit changed, and some thousands besides.
        var wrong = stride(from: 7, to: 1_000_000, by: 331).map { String(String($0 + 1_000_000).dropFirst()) }
        for code in right {
            for place in 0..<6 {
                for digit in "0123456789" {
                    var changed = Array(code)
                    changed[place] = digit
                    wrong.append(String(changed))
                }
            }
        }
        for code in wrong where !right.contains(code) {
            #expect(key.step(of: code, at: now, after: nil) == nil, "\(code)")
        }
    }

    @Test("what is no code is not taken", arguments: ["", "28708", "2870822", "28708a", "287082\0", "２８７０８２"])
    func noCode(typed: String) {
        let key = AuthenticatorKey(bytes: Array("12345678901234567890".utf8))
        #expect(key.step(of: typed, at: Timestamp(milliseconds: 59_000), after: nil) == nil)
    }

    @Test func `an authenticator's address is what apps read`() throws {
        let key = AuthenticatorKey(bytes: Array("12345678901234567890".utf8))
        #expect(
            key.address(issuer: "Minh chứng: xã A", account: "officer-17")
                == "otpauth://totp/Minh%20ch%E1%BB%A9ng%3A%20x%C3%A3%20A:officer-17?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
                + "&issuer=Minh%20ch%E1%BB%A9ng%3A%20x%C3%A3%20A&algorithm=SHA1&digits=6&period=30")
        #expect(try #require(AuthenticatorKey("gezd gnbv gy3t qojq gezd gnbv gy3t qojq")).text == key.text)
        #expect(AuthenticatorKey("GEZDGNBVGY3TQOJQ") == nil, "a key of ten bytes")
    }

    @Test func `a sealed key opens for its account under its archive's key only`() throws {
        let key = AuthenticatorKey.random()
        let seal = AuthenticatorSeal(derivedFrom: Array(0..<32))
        let sealed = try seal.sealed(key, of: "officer-17")
        #expect(try seal.opened(sealed, of: "officer-17").text == key.text)
        #expect(try seal.sealed(key, of: "officer-17") != sealed, "each time another nonce")
        #expect(Data(sealed).range(of: Data(key.bytes)) == nil)
        #expect(throws: SealBroken.self) { try seal.opened(sealed, of: "officer-18") }
        #expect(throws: SealBroken.self) { try AuthenticatorSeal(derivedFrom: Array(1..<33)).opened(sealed, of: "officer-17") }
        #expect(throws: SealBroken.self) { try seal.opened([], of: "officer-17") }
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: SealBroken.self) { try seal.opened(changed, of: "officer-17") }
        }
    }

    // MARK: The throttle

    /// The seconds at which an impatient attacker's attempts are looked at, who tries each second.
    private func attempts(_ subject: Throttle.Subject, until end: Int64) -> [Int64] {
        var failures: Throttle.Failures?
        return (0..<end).filter { second in
            guard Throttle.opening(subject, after: failures, at: moment(second)) == nil else { return false }
            failures = Throttle.counted(failures, at: moment(second))
            return true
        }
    }

    @Test func `guesses from one address come to few`() {
        let looked = attempts(.account("officer-17", from: "203.0.113.7"), until: 86_400)
        #expect(Array(looked.prefix(9)) == [0, 1, 2, 3, 4, 5, 7, 11, 19])
        #expect((90...110).contains(looked.count), "\(looked.count) guesses in a day")
        let gaps = zip(looked, looked.dropFirst()).map { $1 - $0 }
        #expect(gaps.max() == 900, "nobody waits longer than a quarter of an hour")
    }

    @Test func `guesses from everywhere are slowed, and the owner waits half a minute at most`() {
        let looked = attempts(.account("officer-17"), until: 7200)
        #expect(looked.prefix(50).elementsEqual(0..<50))
        #expect(zip(looked, looked.dropFirst()).map { $1 - $0 }.max() == 30)
    }

    @Test func `one address alone does not slow the account`() {
        let one = attempts(.account("officer-17", from: "203.0.113.7"), until: 7200).map(moment)
        let failures = one.reduce(nil) { Throttle.counted($0, at: $1) }
        #expect(Throttle.opening(.account("officer-17"), after: failures, at: moment(7200)) == nil)
        #expect(Throttle.Subject.account("officer-17", from: "203.0.113.7").key != Throttle.Subject.account("officer-17", from: "203.0.113.8").key)
    }

    @Test func `guesses from one address at whatever accounts come to two in a minute, and none is forgotten by waiting for one`() {
        let subject = Throttle.Subject.address("203.0.113.7")
        var failures: Throttle.Failures?
        let looked = (0..<3600).filter { (second: Int64) in
            guard Throttle.opening(subject, after: failures, at: moment(second)) == nil else { return false }
            failures = Throttle.counted(failures, of: subject, at: moment(second))
            return true
        }
        #expect(looked.prefix(30).elementsEqual(0..<30))
        #expect(looked.count == 30 + 119, "\(looked.count) guesses in an hour")
        // What an office mistypes in a day does not add up.
        failures = nil
        for second in stride(from: Int64(0), to: 36_000, by: 40) {
            #expect(Throttle.opening(subject, after: failures, at: moment(second)) == nil)
            failures = Throttle.counted(failures, of: subject, at: moment(second))
        }
        let many = Throttle.Failures(count: 30, last: moment(0))
        #expect(Throttle.opening(subject, after: many, at: moment(29)) == moment(30))
        #expect(Throttle.opening(subject, after: many, at: moment(30)) == nil)
        #expect(Throttle.opening(subject, after: many, at: moment(-86_400)) == moment(-86_400 + 30), "a clock that went back holds nobody")
        #expect(Throttle.counted(many, of: subject, at: moment(900)).count == 1, "all are forgotten")
        let keys = ["2001:db8:1:2::1", "2001:db8:1:2:3::4"].map { Throttle.Subject.address($0).key }
        #expect(keys[0] == keys[1] && keys[0] != Throttle.Subject.address("2001:db8:1:3::1").key)
    }

    @Test func `failures are forgotten after two hours, and a clock that went back holds nobody`() {
        let subject = Throttle.Subject.account("a", from: "::1")
        let failures = Throttle.Failures(count: 40, last: moment(0))
        #expect(Throttle.opening(subject, after: failures, at: moment(1)) == moment(900))
        #expect(Throttle.opening(subject, after: failures, at: moment(7200)) == nil)
        #expect(Throttle.counted(failures, at: moment(7200)).count == 1)
        #expect(Throttle.opening(subject, after: failures, at: moment(-86_400)) == moment(-86_400 + 900))
    }

    @Test(
        "addresses of one network of IPv6 are one place",
        arguments: [
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"), ("2001:DB8:1:2::9", "2001:db8:1:2::"), ("2001:0db8:0001:0002:0003::1", "2001:db8:1:2::"),
            ("2001:db8::9", "2001:db8:0:0::"), ("fe80::1%eth0", "fe80:0:0:0::"), ("::1", "0:0:0:0::"), ("203.0.113.7", "203.0.113.7"),
            ("::ffff:203.0.113.7", "::ffff:203.0.113.7"), ("", ""), (":", "0:0:0:0::"),
        ])
    func place(address: String, place: String) {
        #expect(Throttle.place(of: address) == place)
    }
}
