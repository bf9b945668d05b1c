package handler

import (
	"context"
	"net/http"
	"time"

	"example.com/orders/internal/api"
	"example.com/orders/internal/problem"
)

// CreatePayment answers POST /payments: after as many milliseconds as the amount has
// thousands, and with an error where the rest of the amount is the status of one.
func (h *Handler) CreatePayment(ctx context.Context, req api.CreatePaymentRequest) (*api.Payment, error) {
	row, err := h.store.CreatePayment(ctx, req)
	if err != nil {
		return nil, err
	}
	select {
	case <-time.After(time.Duration(req.Body.Amount/1000) * time.Millisecond):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if status := int(req.Body.Amount % 1000); status >= http.StatusBadRequest {
		return nil, problem.New(status, "as asked, after the row was written")
	}
	return row, nil
}

// GetPayment answers GET /payments/{paymentId}.
func (h *Handler) GetPayment(ctx context.Context, req api.GetPaymentRequest) (*api.Payment, error) {
	return h.store.GetPayment(ctx, req)
}

// ListPayments answers GET /payments.
func (h *Handler) ListPayments(ctx context.Context, req api.ListPaymentsRequest) (*api.PaymentPage, error) {
	page, err := h.store.ListPayments(ctx, req)
	if err != nil {
		return nil, err
	}
	return &api.PaymentPage{Items: page.Items, Total: page.Total}, nil
}
