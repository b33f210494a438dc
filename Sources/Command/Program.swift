internal import ArgumentParser
internal import Custody
internal import Glibc

@main
enum Program {
    /// The statuses that `--help` documents.
    enum Status {
        static let somethingWrong: Int32 = 1
        static let notDone: Int32 = 2
        static let inUse: Int32 = 3
    }

    static func main() async {
        // What this process makes is for its own user only, whatever the shell says.
        umask(0o077)
        // A reader that goes away (`minhchung list | head`) is an error of a write, not the end of a deposit.
        signal(SIGPIPE, SIG_IGN)
        let command: any ParsableCommand
        do {
            command = try MinhChung.parseAsRoot(RawArguments.decoded)
        } catch {
            MinhChung.exit(withError: error)
        }
        do {
            var command = command
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let error as ExitCode {
            exit(error.rawValue)
        } catch let error where error is ValidationError || MinhChung.exitCode(for: error).isSuccess {
            // The library's own: a wrong command line, or help that was asked for.
            MinhChung.exit(withError: error)
        } catch {
            printError("\(error)")
            exit(Archive.isInUse(error) ? Status.inUse : Archive.isNotFound(error) ? Status.somethingWrong : Status.notDone)
        }
    }
}
