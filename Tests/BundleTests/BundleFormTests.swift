import Evidence
import Ledger
import Testing

@testable import Bundle

@Suite("What a verifier keeps and takes")
struct BundleFormTests {
    @Test(
        "only evidence, texts and what is for people are not kept in memory",
        arguments: [
            ("data/evidence/ab", false), ("data/texts/ab.txt", false), ("data/index.html", false), ("data/ro-crate-metadata.json", false),
            ("VERIFY.md", false), ("data/decision.json", true), ("data/access.jsonl", true), ("data/records/000000001.json", true),
            ("data/rules/ab.json", true), ("proofs/checkpoint", true), ("manifest-sha256.txt", true), ("signature.note", true),
            ("index.html", true),
        ])
    func keeps(name: String, isKept: Bool) { #expect(BundleLayout.isKept(name) == isKept) }

    @Test func `a rule document is taken only in canonical form and under its digest`() throws {
        let canonical = JSON.object(["a": .integer(1), "b": .integer(2)]).canonicalBytes
        func refusal(_ bytes: [UInt8], as name: String) -> BundleFinding? {
            #expect(throws: BundleFinding.self) { try BundleVerification.rules(in: [name: bytes]) }
        }
        for bytes in [Array(#"{"b":2,"a":1}"#.utf8), Array(#"{"a": 1,"b":2}"#.utf8), canonical + [0x0A]] {
            #expect(refusal(bytes, as: BundleLayout.rules(Digest(of: bytes)))?.reason.contains("canonical") == true)
        }
        #expect(refusal(canonical, as: BundleLayout.rules(.ofNothing))?.reason == "its name is not the digest of its bytes")
    }
}
