import Foundation
import Testing

@Suite("Accounts on the command line")
struct AccountCommandTests {
    @Test(
        "Every command has help with an example",
        arguments: [
            "account", "account add", "account close", "account reopen", "account list", "account show", "account grant", "account withdraw",
            "account setup-link", "account revoke-sessions", "account remove-authenticator", "account token", "account token create",
            "account token revoke", "account identity", "account identity list", "account identity link", "account identity unlink",
        ])
    func help(_ command: String) throws {
        let outcome = try Workplace(hasArchive: false).shell("$minhchung \(command) --help")
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("EXAMPLE"))
        #expect(outcome.output.contains("minhchung \(command)"))
    }

    @Test("The first administrator is opened, given the role, and gets a link that is not in the files of the archive")
    func firstAdministrator() throws {
        let place = try Workplace()
        #expect(try place.answer("account", "add", "admin-1").text("account") == "admin-1")
        #expect(try place.answer("account", "grant", "admin-1", "--role", "administrator").text("role") == "administrator")
        let link = try place.answer("account", "setup-link", "admin-1").text("setup_link")
        #expect(link.wholeMatch(of: /mcl_[a-z2-7]{52}/) != nil)
        let plain = try place.command(["account", "setup-link", "admin-1", "--quiet"])
        #expect(plain.output.wholeMatch(of: /mcl_[a-z2-7]{52}\n/) != nil)
        let found = try place.shell("grep -rlF \(link.dropFirst(4)) $archive; grep -rlF \(plain.output.dropFirst(4).dropLast()) $archive")
        #expect(found.output.isEmpty && found.status == 1)
        let shown = try place.answer("account", "show", "admin-1")
        #expect(try shown.list("grants").count == 1)
        #expect(try place.command(["account", "show", "admin-1"]).output.contains("administrator everywhere"))
        #expect(try place.command(["account", "list"]).output == "admin-1  open  administrator everywhere\n")
    }

    @Test("An account is closed and opened again, and its role is withdrawn")
    func life() throws {
        let place = try Workplace()
        _ = try place.answer("account", "add", "officer-17", "--reason", "mới nhận việc")
        let grant = try place.answer("account", "grant", "officer-17", "--role", "inspector").text("grant")
        _ = try place.answer("account", "close", "officer-17", "--reason", "chuyển công tác")
        #expect(try !place.answer("account", "show", "officer-17").flag("open"))
        #expect(try place.command(["account", "setup-link", "officer-17"]).status == 1)
        _ = try place.answer("account", "reopen", "officer-17", "--reason", "trở lại công tác")
        #expect(try place.answer("account", "withdraw", grant, "--reason", "thôi nhiệm vụ").text("grant") == grant)
        #expect(try place.command(["account", "list"]).output == "officer-17  open  \n")
        _ = try place.answer("account", "revoke-sessions", "officer-17")
        #expect(try place.command(["account", "remove-authenticator", "officer-17"]).status == 1, "it has none")
    }

    @Test("A token is made in the name of an account, shown without its secret, and revoked")
    func token() throws {
        let place = try Workplace()
        _ = try place.answer("account", "add", "officer-17")
        let made = try place.answer("account", "token", "create", "đồng bộ", "--scope", "write", "--days", "30", "--as", "officer-17")
        let (secret, id) = (try made.text("secret"), try made.text("token"))
        #expect(secret.wholeMatch(of: /mct_[a-z2-7]{52}/) != nil)
        let shown = try place.command(["account", "show", "officer-17"])
        #expect(shown.output.contains("\(id)  đồng bộ: write until"))
        #expect(!shown.output.contains(secret))
        #expect(try place.command(["account", "token", "revoke", id, "officer-18"]).status == 1)
        _ = try place.answer("account", "token", "revoke", id, "officer-17")
        #expect(try place.command(["account", "token", "revoke", id, "officer-17"]).status == 1)
    }

    @Test("An identity at a provider is linked to one account, listed and unlinked; that it was done is told, and not whose it is")
    func identity() throws {
        let place = try Workplace()
        for account in ["officer-17", "officer-18"] { _ = try place.answer("account", "add", account) }
        let identity = ["--issuer", "https://id.example", "--subject", "248289761001"]
        #expect(try place.command(["account", "identity", "link", "officer-17"] + identity).output == "linked 248289761001 to officer-17\n")
        #expect(try place.command(["account", "identity", "link", "officer-18"] + identity).status == 1, "it is another's")
        #expect(try place.command(["account", "identity", "list", "officer-17"]).output == "https://id.example  248289761001\n")
        #expect(try place.command(["account", "identity", "unlink", "officer-18"] + identity).status == 1)
        #expect(try place.command(["account", "identity", "unlink", "officer-17"] + identity).status == 0)
        #expect(try place.command(["account", "identity", "list", "officer-17"]).output.isEmpty)
        _ = try place.answer("account", "setup-link", "officer-17")
        let shown = try place.answer("account", "show", "officer-17")
        #expect(try shown.list("sign_in_changes").count == 3)
        let lines = try place.command(["account", "show", "officer-17"]).output.split(separator: "\n").filter { $0.contains(" by console:") }
        #expect(lines.map { $0.split(separator: " ")[0] } == ["setup-link-made", "identity-unlinked", "identity-linked"])
        #expect(try place.shell("grep -c 248289761001 $archive/archive.sqlite").output == "0\n")
        #expect(try place.command(["verify"]).status == 0)
    }

    @Test(
        "What cannot be is refused in one line",
        arguments: [
            (["account", "add", "Nguyễn Văn Mẫu"], Int32(1)), (["account", "setup-link", "nobody-1"], Int32(1)),
            (["account", "token", "create", "x", "--days", "30"], Int32(1)),
            (["account", "token", "create", "x", "--days", "400", "--as", "officer-17"], Int32(64)),
            (["account", "token", "create", "x", "--days", "4", "--scope", "all", "--as", "officer-17"], Int32(2)),
            (["account", "token", "revoke", "to-1", "officer-17"], Int32(2)),
            (["account", "identity", "link", "nobody-1", "--issuer", "https://id.example", "--subject", "7"], Int32(1)),
            (["account", "identity", "link", "nobody-1", "--issuer", "https://id.example", "--subject", "bảy"], Int32(64)),
            (["account", "grant", "nobody-1", "--role", "reviewer"], Int32(1)),
        ] as [([String], Int32)])
    func refused(_ arguments: [String], _ status: Int32) throws {
        let outcome = try Workplace().command(arguments)
        #expect(outcome.status == status, "\(outcome)")
        #expect(status == 64 || outcome.errorLines.count == 1, "\(outcome)")
    }
}
