import Custody
import Evidence
import Foundation
import Testing

@testable import Accounts

/// One after the other: all sign in by the one hasher of the process, which turns away whom it has no time for.
@Suite("Signing in", .serialized, .timeLimit(.minutes(10)))
enum SigningIn {}

let herAddress = "203.0.113.7"
let itsAddress = "198.51.100.9"
let herPassword = "ao làng có cá rô"

extension Archive {
    /// Opens an account and sets its password by a setup link.
    func withPassword(_ account: String, _ password: String = herPassword) async throws {
        try await openAccount(account, by: console)
        try await useLink(account, password)
    }

    func useLink(
        _ account: String, _ password: String = herPassword, rules: SignInRules = SignInRules()
    ) async throws {
        let link = try await createSetupLink(for: account, by: console)
        _ = try await useSetupLink(link.secret, password: password, rules: rules)
    }

    /// The error of a sign-in that is refused, `nil` where it succeeds.
    func refusal(
        _ account: String, _ password: String = herPassword, code: String? = nil,
        from address: String = herAddress, rules: SignInRules = SignInRules()
    ) async throws -> SignInError? {
        do {
            _ = try await signIn(account, password: password, code: code, from: address, rules: rules)
            return nil
        } catch let error as SignInError {
            return error
        }
    }
}

extension TestPlace {
    /// The code of an authenticator now.
    func code(_ key: String) throws -> String {
        try #require(AuthenticatorKey(key)).code(at: AuthenticatorKey.step(at: clock.now()))
    }
}

func actor(_ account: String) -> Actor { Actor(account: account) }
