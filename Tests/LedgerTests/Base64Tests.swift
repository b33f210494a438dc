import Ledger
import Testing

@Suite("Base 64")
struct Base64Tests {
    @Test(
        "writes and reads the vectors of RFC 4648 §10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ])
    func vectors(bytes: String, text: String) {
        #expect(Base64.text(of: Array(bytes.utf8)) == text)
        #expect(Base64.bytes(of: text) == Array(bytes.utf8))
    }

    @Test func `all bytes of all lengths come back, and plus and slash are the last digits`() {
        for count in 0..<200 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 67 &+ count) }
            #expect(Base64.bytes(of: Base64.text(of: bytes)) == bytes)
        }
        #expect(Base64.text(of: [0xFB, 0xFF, 0xBF]) == "+/+/")
    }

    @Test(
        "a spelling that nobody writes is refused",
        arguments: [
            "Zg", "Zg=", "Zg===", "Zm9", "Zm8", "=", "====", "Z===", "Zm9v=", "Zg==Zg==", "Zm8=Zg==", "Zm9v\n", " Zm9v", "Zm 9v", "-_-_",
            "Zm9\u{76}\u{301}",
            // The unused bits of the last digit are zero.
            "Zh==", "Zo==", "Zm9=", "Zm+=",
        ])
    func refused(text: String) { #expect(Base64.bytes(of: text) == nil) }
}
