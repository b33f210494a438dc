import Evidence
import Foundation
import Glibc
import Synchronization
import Testing

@testable import Accounts

@Suite("Passwords", .timeLimit(.minutes(5)))
struct PasswordTests {
    /// By OpenSSL's Argon2, which is another program than ours; the first is in the reference implementation's tests as well.
    static let hashes: [(password: String, salt: [UInt8], memory: UInt32, passes: UInt32, text: String)] = [
        ("password", Array("somesalt".utf8), 65_536, 2, "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"),
        (
            "mật khẩu là một câu dài", Array(0..<16), 65_536, 3,
            "$argon2id$v=19$m=65536,t=3,p=1$AAECAwQFBgcICQoLDA0ODw$hQb7BjlyskEmtF2rypiy7j9qC9w/Eu2rmAwB71yYRYU"
        ),
        (
            String(repeating: "a", count: 256), Array(repeating: 0, count: 16), 8, 1,
            "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$QIB+P0K4py/Aw0gxM9a+hcPYZSAO65RG+At9mIuazQY"
        ),
        (
            "đồng tháp mười", Array("0123456789abcdef".utf8), 256, 2,
            "$argon2id$v=19$m=256,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$WJKaWz3Na/gIYvUes3+F4vXs4Dc8qcVDMmQfvcxDlPM"
        ),
    ]

    @Test("a hash is the one that another program makes, and is recognised", arguments: hashes)
    func hashOfAnother(password: String, salt: [UInt8], memory: UInt32, passes: UInt32, text: String) throws {
        let hasher = PasswordHasher()
        let typed = Password(typed: password)
        #expect(try hasher.hash(typed.bytes, salt: salt, memory: memory, passes: passes).text == text)
        let stored = try #require(PasswordHash(text))
        #expect(try hasher.isRight(typed, stored))
        #expect(try !hasher.isRight(Password(typed: password + " "), stored))
        #expect(stored.needsRehash == (memory != 65_536 || passes != 3))
    }

    @Test func `a new hash has the costs that are written down, and a salt of its own`() throws {
        let hasher = PasswordHasher()
        let password = try Password(chosen: "ao làng có cá", for: "officer-17")
        let (one, other) = (try hasher.hash(password), try hasher.hash(password))
        #expect(one.text.hasPrefix("$argon2id$v=19$m=65536,t=3,p=1$"))
        #expect(one.text.split(separator: "$").map(\.utf8.count).suffix(2) == [22, 43], "16 bytes of salt and 32 of tag")
        #expect(one != other)
        #expect(!one.needsRehash)
        #expect(try hasher.isRight(password, one))
    }

    @Test(
        "what is no hash of ours is not read",
        arguments: [
            "", "$argon2id$v=19$m=65536,t=3,p=1$AAECAwQFBgcICQoLDA0ODw", "$argon2i$v=19$m=65536,t=3,p=1$AAECAwQFBgcICQoLDA0ODw$aaaa",
            "$argon2id$v=16$m=65536,t=3,p=1$AAECAwQFBgcICQoLDA0ODw$aaaa", "$argon2id$v=19$m=1048577,t=3,p=1$AAECAwQFBgcICQoLDA0ODw$aaaa",
            "$argon2id$v=19$m=65536,t=17,p=1$AAECAwQFBgcICQoLDA0ODw$aaaa", "$argon2id$v=19$m=65536,t=3,p=2$AAECAwQFBgcICQoLDA0ODw$aaaa",
            "$argon2id$v=19$m=65536,t=3$AAECAwQFBgcICQoLDA0ODw$aaaa", "$argon2id$v=19$m=65536,t=3,p=1,x=1$AAECAwQFBgcICQoLDA0ODw$aaaa",
            "$2b$12$abcdefghijklmnopqrstuv",
        ])
    func badHash(text: String) {
        #expect(PasswordHash(text) == nil)
    }

    @Test func `a stored hash that is cut off is an error and not a wrong password`() throws {
        let cut = try #require(PasswordHash("$argon2id$v=19$m=64,t=1,p=1$!!!!$aaaa"))
        #expect(throws: PasswordHashingError.self) { try PasswordHasher().isRight(Password(typed: "whatever it is"), cut) }
    }

    @Test func `nobody's password is wrong, and costs what a wrong one costs`() throws {
        let hasher = PasswordHasher()
        let hash = try hasher.hash(Password(typed: "ao làng có cá"))
        var (wrong, nobodys): ([Double], [Double]) = ([], [])
        for index in 0..<9 {
            let password = Password(typed: "một mật khẩu sai \(index)")
            var answers: [Bool] = []
            wrong.append(try processorTime { answers.append(try hasher.isRight(password, hash)) })
            nobodys.append(try processorTime { answers.append(try hasher.isRight(password, nil)) })
            #expect(answers == [false, false])
        }
        let ratio = nobodys.sorted()[4] / wrong.sorted()[4]
        #expect((0.7...1.4).contains(ratio), "\(wrong) \(nobodys)")
    }

    @Test(
        "what cannot be chosen is refused, with its reason",
        arguments: [
            ("ngắn quá", "officer-17", PasswordRefusal.tooShort), ("123456789", "officer-17", .tooShort),
            (String(repeating: "ab ", count: 86), "officer-17", .tooLong), ("có\nhai dòng ở đây", "officer-17", .hasControlCharacters),
            ("Officer-17!", "officer-17", .isAccountName), ("officer-17officer-17", "officer-17", .isAccountName),
            ("MatKhau12345", "officer-17", .isCommon), ("1234567890", "officer-17", .isCommon), ("aaaaaaaaaaaa", "officer-17", .isCommon),
            ("abababababab", "officer-17", .isCommon), ("Correct Horse Battery Staple", "officer-17", .isCommon),
        ])
    func refused(text: String, account: String, reason: PasswordRefusal) {
        #expect(throws: reason) { try Password(chosen: text, for: account) }
    }

    @Test(
        "what is long enough may be of whatever it is",
        arguments: ["con mèo ăn cá", "9573820164", "ế ề ể ễ ệ ế ề ể", String(repeating: "abc ", count: 64), "officer-17 mèo cá"])
    func taken(text: String) throws {
        _ = try Password(chosen: text, for: "officer-17")
    }

    @Test func `a letter is the same from every keyboard, a space is a space, and case matters`() {
        let composed = Password(typed: "đồng tháp mười")
        #expect(Password(typed: "đồng tháp mười".decomposedStringWithCanonicalMapping).bytes == composed.bytes)
        #expect(Password(typed: "đồng\u{00A0}tháp\u{3000}mười").bytes == composed.bytes)
        #expect(Password(typed: "Đồng tháp mười").bytes != composed.bytes)
        #expect(Password(typed: " đồng tháp mười").bytes != composed.bytes)
    }

    @Test func `ten characters are ten, however many bytes they have`() throws {
        _ = try Password(chosen: "ếềểễệấầẩẫậ".decomposedStringWithCanonicalMapping, for: "a")
        #expect(throws: PasswordRefusal.tooShort) { try Password(chosen: "ếềểễệấầẩẫ".decomposedStringWithCanonicalMapping, for: "a") }
    }

    @Test func `nothing prints a password or a secret`() throws {
        let secret = Secret.random(.session)
        let key = AuthenticatorKey.random()
        let password = Password(typed: "con mèo ăn cá")
        for (value, text): (Any, String) in [(password, "mèo"), (secret, String(secret.text.dropFirst(4))), (key, key.text)] {
            var dumped = ""
            dump(value, to: &dumped)
            for printed in ["\(value)", String(reflecting: value), dumped] {
                #expect(!printed.contains(text))
            }
        }
    }

    @Test func `two hash at once, some wait, and the next is turned away`() throws {
        let turnstile = Turnstile(width: 2, queue: 3)
        let counts = Mutex((entered: 0, most: 0, inside: 0))
        let gate = DispatchSemaphore(value: 0)
        let done = DispatchGroup()
        for _ in 0..<5 {
            done.enter()
            Thread.detachNewThread {
                let result: Void? = turnstile.pass {
                    counts.withLock {
                        $0.entered += 1
                        $0.inside += 1
                        $0.most = max($0.most, $0.inside)
                    }
                    gate.wait()
                    counts.withLock { $0.inside -= 1 }
                }
                #expect(result != nil)
                done.leave()
            }
        }
        while counts.withLock({ $0.inside }) < 2 || turnstile.presentNow < 5 { sched_yield() }
        #expect(turnstile.pass {} == nil)
        for _ in 0..<5 { gate.signal() }
        done.wait()
        #expect(counts.withLock { $0.entered } == 5)
        #expect(counts.withLock { $0.most } == 2)
        #expect(turnstile.pass { 7 } == 7, "there is room again")
    }
}
