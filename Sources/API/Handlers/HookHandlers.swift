import Configuration
import FoundationEssentials
import Launcher
import Wire

extension APIService {
    /// Whoever posts shows what the webhook's file asks for; who else he is does not matter. The one place that decides it.
    func takeHook(_ call: Call) async throws(Problem) -> HTTPResponse {
        let name = call.captures["name"] ?? ""
        // That there is no such webhook is told to nobody who could not use it.
        guard let webhook = await launcher.webhook(name) else { throw Problems.hookRefused }
        let isPartner: Bool
        do throws(HookCredentials.Unusable) {
            isPartner = try HookCredentials(webhook: webhook)
                .accept(headers: call.request.headers, body: call.request.body)
        } catch {
            log("webhook \(name): \(error)")
            throw Problems.unavailable("The webhook's secret cannot be read; the Launcher's log says why.")
        }
        guard isPartner else { throw Problems.hookRefused }
        let body: JSONValue
        do {
            body = try WireJSON.decode(JSONValue.self, from: call.request.body)
        } catch {
            throw Problems.malformed("The body is not JSON (RFC 8259) in UTF-8, or is nested too deeply.")
        }
        let event: HookMapping.Event
        do throws(HookMapping.Refusal) {
            event = try HookMapping(webhook: webhook, body: body, headers: call.request.headers).event()
        } catch {
            throw Problems.invalid(
                "The webhook \(name) makes no Event of this: \(error.field) \(error.detail).",
                errors: [.init(field: error.field, detail: error.detail)])
        }
        let receipt = try await launched { () async throws(LauncherError) in
            try await launcher.send(
                type: event.type, key: event.key, params: event.params, force: false, by: "webhook:\(name)")
        }
        return .json(
            try mapped { try EventReceiptView(receipt) }, status: receipt.duplicate ? 200 : 201)
    }
}

extension Problems {
    /// The same for a wrong token and for a webhook that is not there.
    static var hookRefused: Problem {
        Problem(
            type: prefix + "unauthorized", title: "Not known", status: 401,
            detail: "There is no such webhook, or the token or the signature is not its own.")
    }
}
